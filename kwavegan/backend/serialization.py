"""The name under which Keras saves classes of this package: `kwavegan>ClassName`."""

import keras

register = keras.saving.register_keras_serializable("kwavegan")
